"""Workflows in the format of ComfyUI's editor, and workflows that other files carry."""
