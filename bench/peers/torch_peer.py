"""The peer of the training and forward benchmarks: the same network in PyTorch, on the same weights and batch.

Reads one JSON command per line and answers with one JSON line:
  {"do": "load", "folder": ...}   weights.f32 and manifest.json, written by torch.ts; onto "device", "cpu" or "cuda"
  {"do": "threads", "count": n}
  {"do": "train"}                 one training step: {"milliseconds", "loss", "gradNorm", "peakBytes"}
  {"do": "forward", "rows": n}    one forward pass without gradients: {"milliseconds", "logits"}, the first eight of them
  {"do": "generate", ...}         Dream's decoding of "promptIds" with "options": {"milliseconds", "sequences"}
  {"do": "grpo", ...}             an iteration of coupled-GRPO: the same, and "mu" updates: {"milliseconds", "samplingMilliseconds"}
With "bf16": true the forward passes of training and of "forward" are in bf16 autocast; with "tf32": true CUDA's float32 products are in TF32.
"""
import functools
import json
import resource
import sys
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

from coupled_grpo import iteration
from dream_generate import diffusion_generate


def load(folder, device):
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    raw = numpy.fromfile(Path(folder) / "weights.f32", dtype=numpy.float32)
    weights = {}
    for name, (offset, shape) in manifest["weights"].items():
        size = int(numpy.prod(shape))
        weights[name] = torch.tensor(raw[offset:offset + size].reshape(shape), device=device).requires_grad_()
    batch = {name: torch.tensor(rows, device=device) for name, rows in manifest["batch"].items()}
    return manifest["config"], manifest["optimizer"], weights, batch


def rms_norm(x, gain, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * gain


@functools.lru_cache
def rotary_tables(length, size, theta, device):
    frequencies = theta ** -(torch.arange(0, size, 2, device=device).float() / size)
    angles = torch.arange(length, device=device).float()[:, None] * frequencies
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def forward(config, w, ids):
    rows, length = ids.shape
    heads, width, eps = config["numAttentionHeads"], config["hiddenSize"], config["rmsNormEps"]
    size = width // heads
    cos, sin = rotary_tables(length, size, config["ropeTheta"], ids.device)
    x = w["model.embed_tokens.weight"][ids]
    split = lambda y: y.view(rows, length, heads, size).transpose(1, 2)
    for i in range(config["numHiddenLayers"]):
        p = f"model.layers.{i}."
        y = rms_norm(x, w[p + "input_layernorm.weight"], eps)
        q, k, v = (split(F.linear(y, w[p + f"self_attn.{n}_proj.weight"], w[p + f"self_attn.{n}_proj.bias"])) for n in "qkv")
        scores = rotate(q, cos, sin) @ rotate(k, cos, sin).transpose(-1, -2) / size ** 0.5
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, width)
        x = x + F.linear(mixed, w[p + "self_attn.o_proj.weight"])
        y = rms_norm(x, w[p + "post_attention_layernorm.weight"], eps)
        y = F.silu(F.linear(y, w[p + "mlp.gate_proj.weight"])) * F.linear(y, w[p + "mlp.up_proj.weight"])
        x = x + F.linear(y, w[p + "mlp.down_proj.weight"])
    return F.linear(rms_norm(x, w["model.norm.weight"], eps), w["lm_head.weight"])


def train(config, settings, w, batch, adam, bf16):
    with torch.autocast(batch["inputIds"].device.type, dtype=torch.bfloat16, enabled=bf16):
        logits = forward(config, w, batch["inputIds"])
    logits = logits.float()
    rows, length, words = logits.shape
    nll = F.cross_entropy(logits[:, :-1].reshape(-1, words), batch["targets"][:, 1:].reshape(-1), reduction="none")
    loss = (nll * batch["weights"][:, 1:].reshape(-1)).sum()
    adam.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(w.values(), settings["maxGradNorm"])
    adam.step()
    return {"loss": loss.item(), "gradNorm": norm.item()}


def main():
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        if command["do"] == "load":
            config, settings, w, batch = load(command["folder"], command["device"])
            adam = torch.optim.AdamW(
                w.values(), lr=settings["lr"], betas=(settings["beta1"], settings["beta2"]), weight_decay=settings["weightDecay"])
            answer = {"version": torch.__version__}
        elif command["do"] == "threads":
            torch.set_num_threads(command["count"])
        else:
            torch.backends.cuda.matmul.allow_tf32 = command.get("tf32", False)
            started = time.perf_counter()
            if command["do"] == "train":
                answer = train(config, settings, w, batch, adam, command.get("bf16", False))
            elif command["do"] == "grpo":
                network = lambda ids: forward(config, w, ids)
                prompts, settings_of = torch.tensor(command["promptIds"]), command["options"]
                answer = iteration(network, network, list(w.values()), adam, prompts, config["maskTokenId"], settings_of, **command["grpo"])
            elif command["do"] == "generate":
                with torch.no_grad():
                    prompts = torch.tensor(command["promptIds"])
                    mask_id = config["maskTokenId"]
                    x = diffusion_generate(lambda ids: forward(config, w, ids), prompts, mask_id, **command["options"])
                    answer = {"sequences": x.tolist()}
            else:
                with torch.no_grad(), torch.autocast(batch["inputIds"].device.type, dtype=torch.bfloat16, enabled=command.get("bf16", False)):
                    ids = batch["inputIds"]
                    ids = ids.repeat(-(-command["rows"] // ids.shape[0]), 1)[:command["rows"]]
                    answer = {"logits": forward(config, w, ids)[0, 0, :8].float().tolist()}
            answer["milliseconds"] = 1000 * (time.perf_counter() - started)
            answer["peakBytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(answer), flush=True)


main()
