"""What viewcomfy ships for the tests of its users."""
