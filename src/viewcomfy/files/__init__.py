"""Files: the bytes of uploads and outputs, in a folder or in the cloud."""
