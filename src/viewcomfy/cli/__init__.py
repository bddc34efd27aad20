"""The command line: `viewcomfy serve demo deploy run params keys jobs comfyui`."""
