"""Dream's `diffusion_generate` as published, on any function from ids [B, L] to raw logits [B, L, V].

A full forward pass in every step, logits at every position, filters by a full sort; no early end. Rows of equal length.
"""
import torch


def filtered(logits, temperature, top_p, top_k):
    if temperature > 0:
        logits = logits / temperature
    if top_p is not None and top_p < 1:
        values, order = logits.sort(-1, descending=True)
        beyond = values.softmax(-1).cumsum(-1) > top_p
        beyond[..., 1:] = beyond[..., :-1].clone()
        beyond[..., 0] = False
        removed = torch.zeros_like(beyond).scatter(-1, order, beyond)
        logits = logits.masked_fill(removed, torch.finfo(logits.dtype).min)
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1]))[0][..., -1, None]
        logits = logits.masked_fill(logits < kth, torch.finfo(logits.dtype).min)
    return logits


def sample_tokens(logits, alg, temperature, top_p, top_k):
    probs = filtered(logits, temperature, top_p, top_k).softmax(-1)
    if temperature > 0:
        tokens = torch.distributions.Categorical(probs=probs).sample()
        confidence = probs.gather(-1, tokens[:, None])[:, 0]
    else:
        confidence, tokens = probs.max(-1)
    if alg == "topk_margin":
        best = probs.sort(-1, descending=True)[0]
        confidence = best[:, 0] - best[:, 1]
    if alg == "entropy":
        confidence = (probs * torch.log(probs + 1e-10)).sum(-1)
    return confidence, tokens


def diffusion_generate(logits_of, prompt_ids, mask_id, max_new_tokens, steps, alg, temperature=0.0, top_p=None, top_k=None, eps=1e-3):
    x = torch.nn.functional.pad(prompt_ids, (0, max_new_tokens), value=mask_id)
    times = torch.linspace(1, eps, steps + 1)
    for i in range(steps):
        masked = x == mask_id
        logits = logits_of(x)
        logits = torch.cat((logits[:, :1], logits[:, :-1]), 1)
        confidence, tokens = sample_tokens(logits[masked], alg, temperature, top_p, top_k)
        mean_count = masked.sum() / masked.shape[0]
        count = int(mean_count * (1 - times[i + 1] / times[i])) if i < steps - 1 else int(mean_count)
        if count == 0:
            continue
        everywhere = torch.full_like(x, -torch.inf, dtype=torch.float32)
        everywhere[masked] = confidence
        proposed = torch.full_like(x, mask_id)
        proposed[masked] = tokens
        chosen = everywhere.topk(count)[1]
        x.scatter_(1, chosen, proposed.gather(1, chosen))
    return x
