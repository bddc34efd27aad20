"""What ComfyUI's own editor makes of the published workflow templates: the truth that our conversion is compared with."""
