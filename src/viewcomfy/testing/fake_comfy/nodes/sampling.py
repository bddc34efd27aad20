"""Node classes that stand in for models: the pixels depend on the text, the seed and the models' names."""

from __future__ import annotations

from typing import Any

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.node import FilesOf, NodeClass, NodeRun, Result
from viewcomfy.testing.fake_comfy.nodes.images import side
from viewcomfy.testing.fake_comfy.pictures import Pictures

MODELS = {
    "checkpoints": ("tiny_sd3.safetensors",),
    "diffusion_models": ("tiny_mmdit.safetensors",),
    "text_encoders": ("tiny_clip_l.pt",),
    "vae": ("tiny_taesd.safetensors",),
    "loras": ("tiny_lora.safetensors",),
}
SAMPLER_NAMES = """
euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 dpm_2 dpm_2_ancestral lms dpm_fast dpm_adaptive
dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde
dpmpp_2m_sde_gpu dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu ddpm lcm ipndm ipndm_v deis
res_multistep res_multistep_cfg_pp res_multistep_ancestral res_multistep_ancestral_cfg_pp gradient_estimation
gradient_estimation_cfg_pp er_sde seeds_2 seeds_3 sa_solver sa_solver_pece ddim uni_pc uni_pc_bh2
"""
SCHEDULERS = ["simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal", "linear_quadratic", "kl_optimal"]
CLIP_TYPE_NAMES = """
stable_diffusion stable_cascade sd3 stable_audio mochi ltxv pixart cosmos lumina2 wan hidream chroma ace omnigen2
qwen_image hunyuan_image flux2
"""
BATCH = ("INT", {"default": 1, "min": 1, "max": 4096})
STRENGTH = ("FLOAT", {"default": 1.0, "min": -100.0, "max": 100.0, "step": 0.01})


async def load_checkpoint(_run: NodeRun, *, ckpt_name: str) -> Result:
    """Hand on the names of the three models in the file."""
    return Result((ckpt_name, ckpt_name, ckpt_name))


async def load_unet(_run: NodeRun, *, unet_name: str, **_: Any) -> Result:
    """Hand on the model's name."""
    return Result((unet_name,))


async def load_clip(_run: NodeRun, *, clip_name: str, **_: Any) -> Result:
    """Hand on the text encoder's name."""
    return Result((clip_name,))


async def load_vae(_run: NodeRun, *, vae_name: str) -> Result:
    """Hand on the VAE's name."""
    return Result((vae_name,))


async def load_lora(_run: NodeRun, *, model: str, lora_name: str, strength_model: float) -> Result:
    """Hand on the model's name with the LoRA's."""
    return Result((f"{model}+{lora_name}*{strength_model}",))


async def encode_text(_run: NodeRun, *, text: str, **_: Any) -> Result:
    """Hand on the text."""
    return Result((text,))


async def empty_latent(_run: NodeRun, *, width: int, height: int, batch_size: int) -> Result:
    """Make grey latents."""
    factor = pictures.LATENT_FACTOR
    return Result((pictures.solid(max(1, width // factor), max(1, height // factor), 0x808080, batch_size),))


async def sample(
    run: NodeRun,
    *,
    model: str,
    seed: int,
    steps: int,
    cfg: float,
    positive: str,
    negative: str,
    latent_image: Pictures,
    denoise: float,
    **_: Any,
) -> Result:
    """Pretend to sample: a step of progress and a preview each, then blobs in the colour of the text."""
    tint = f"{positive}|{negative}|{model}|{cfg}"
    done = tuple(pictures.sample(latent, f"{seed}/{n}", tint, denoise) for n, latent in enumerate(latent_image))
    preview = pictures.to_jpeg(done[0], run.preview_size) if run.previews else None
    run.bar(0, steps)
    for number in range(1, steps + 1):
        await run.step(number, steps, preview)
        run.bar(number, steps)
    return Result((done,))


async def decode(_run: NodeRun, *, samples: Pictures, **_: Any) -> Result:
    """Turn latents into pictures."""
    return Result((pictures.decode(samples),))


async def encode(_run: NodeRun, *, pixels: Pictures, **_: Any) -> Result:
    """Turn pictures into latents."""
    return Result((pictures.encode(pixels),))


SAMPLING_NODES = (
    NodeClass(
        "CheckpointLoaderSimple",
        load_checkpoint,
        required={"ckpt_name": (FilesOf("checkpoints"), {})},
        returns=("MODEL", "CLIP", "VAE"),
        display_name="Load Checkpoint",
        category="loaders",
    ),
    NodeClass(
        "UNETLoader",
        load_unet,
        required={
            "unet_name": (FilesOf("diffusion_models"),),
            "weight_dtype": (["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"],),
        },
        returns=("MODEL",),
        display_name="Load Diffusion Model",
        category="advanced/loaders",
    ),
    NodeClass(
        "CLIPLoader",
        load_clip,
        required={"clip_name": (FilesOf("text_encoders"),), "type": (CLIP_TYPE_NAMES.split(),)},
        optional={"device": (["default", "cpu"], {"advanced": True})},
        returns=("CLIP",),
        display_name="Load CLIP",
        category="advanced/loaders",
    ),
    NodeClass(
        "VAELoader",
        load_vae,
        required={"vae_name": (FilesOf("vae"),)},
        returns=("VAE",),
        display_name="Load VAE",
        category="loaders",
    ),
    NodeClass(
        "LoraLoaderModelOnly",
        load_lora,
        required={"model": ("MODEL",), "lora_name": (FilesOf("loras"),), "strength_model": STRENGTH},
        returns=("MODEL",),
        category="loaders",
    ),
    NodeClass(
        "CLIPTextEncode",
        encode_text,
        required={"text": ("STRING", {"multiline": True, "dynamicPrompts": True}), "clip": ("CLIP", {})},
        returns=("CONDITIONING",),
        display_name="CLIP Text Encode (Prompt)",
        category="conditioning",
    ),
    NodeClass(
        "EmptyLatentImage",
        empty_latent,
        required={"width": side(16, step=8), "height": side(16, step=8), "batch_size": BATCH},
        returns=("LATENT",),
        display_name="Empty Latent Image",
        category="latent",
    ),
    NodeClass(
        "EmptySD3LatentImage",
        empty_latent,
        required={"width": side(16, 1024, 16), "height": side(16, 1024, 16), "batch_size": BATCH},
        returns=("LATENT",),
        category="latent/sd3",
    ),
    NodeClass(
        "KSampler",
        sample,
        required={
            "model": ("MODEL", {}),
            "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}),
            "steps": ("INT", {"default": 20, "min": 1, "max": 10000}),
            "cfg": ("FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}),
            "sampler_name": (SAMPLER_NAMES.split(), {}),
            "scheduler": (SCHEDULERS, {}),
            "positive": ("CONDITIONING", {}),
            "negative": ("CONDITIONING", {}),
            "latent_image": ("LATENT", {}),
            "denoise": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.01}),
        },
        returns=("LATENT",),
        category="sampling",
    ),
    NodeClass(
        "VAEDecode",
        decode,
        required={"samples": ("LATENT", {}), "vae": ("VAE", {})},
        returns=("IMAGE",),
        display_name="VAE Decode",
        category="latent",
    ),
    NodeClass(
        "VAEEncode",
        encode,
        required={"pixels": ("IMAGE",), "vae": ("VAE",)},
        returns=("LATENT",),
        display_name="VAE Encode",
        category="latent",
    ),
)
