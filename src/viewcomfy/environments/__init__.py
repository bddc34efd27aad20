"""Environments: what a ComfyUI consists of as a document, made again from it, compared, switched to and back."""
