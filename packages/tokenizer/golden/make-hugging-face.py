"""Ids that Hugging Face's tokenizers gives, for the tests of this package.

pip install tokenizers==0.23.2 && python make-hugging-face.py > hugging-face.json
An argument is the number of random texts for each tokenizer (default 20), a second one the seed.
"""
import json
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)

words = ["the theme of them", "aaaa abab aab abc cab aaaaaa", "def f(x):\n    return x + 1\n", "1234 2025 12 99999", "naïve café ééé",
         "漢字 かな カナ 한글", "--------", "    \n\n\n\t\t", "don't we'll it's", "\U0001F600\U0001F600", "3.14 == x_1", "</s></s>"]
trained = Tokenizer(models.BPE())
trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
trained.train_from_iterator(words * 3, trainers.BpeTrainer(vocab_size=480, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
model = json.loads(trained.to_str())["model"]
vocab = model["vocab"]

# As transformers turns tiktoken's files into merges, Llama-3's among them: every pair of tokens that makes a token.
every_pair = []
for token, _ in sorted(vocab.items(), key=lambda item: item[1]):
    pairs = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in vocab and token[i:] in vocab]
    every_pair += sorted(pairs, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))

LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
gpt2 = {**byte_level, "use_regex": True}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern if isinstance(pattern, dict) else {"Regex": pattern}, "behavior": behavior, "invert": invert}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def added(content, **flags):
    return {"id": None, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **flags}


cases = [
    {"name": "Llama 3: merges that make a token again, ignore_merges", "merges": "every pair", "ignore_merges": True, "pre_tokenizer": sequence(split(LLAMA), byte_level)},
    {"name": "merges that make a token again", "merges": "every pair", "pre_tokenizer": sequence(split(LLAMA), byte_level)},
    {"name": "merges in another order than the ids", "merges": "reversed", "pre_tokenizer": sequence(split(LLAMA), byte_level)},
    {"name": "ignore_merges with few merges", "merges": "half", "ignore_merges": True, "pre_tokenizer": gpt2},
    {"name": "GPT-2: ByteLevel alone", "pre_tokenizer": gpt2},
    {"name": "one word", "pre_tokenizer": byte_level},
    {"name": "StarCoder: digits one by one, then ByteLevel", "pre_tokenizer": sequence(digits(True), gpt2)},
    {"name": "digits together", "pre_tokenizer": sequence(digits(False), gpt2)},
    {"name": "DeepSeek: several splits", "pre_tokenizer": sequence(split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(r"[一-龥ࠀ-一가-퟿]+"), digits(True), byte_level)},
    {"name": "DeepSeek V3", "pre_tokenizer": sequence(split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"), byte_level)},
    {"name": "GPT-4o", "pre_tokenizer": sequence(split(O200K), byte_level)},
    {"name": "possessive quantifiers, classes with case ignored", "pre_tokenizer": sequence(split(CL100K), byte_level)},
    {"name": "Removed and inverted", "pre_tokenizer": sequence(split(LLAMA, "Removed", True), byte_level)},
    {"name": "punctuation", "pre_tokenizer": sequence({"type": "Punctuation", "behavior": "Isolated"}, byte_level)},
    {"name": "punctuation together", "pre_tokenizer": sequence({"type": "Punctuation", "behavior": "Contiguous"}, byte_level)},
    {"name": "a string", "pre_tokenizer": sequence(split({"String": "a"}), byte_level)},
    {"name": "lines", "pre_tokenizer": sequence(split(r"^.+$"), byte_level)},
    {"name": "empty matches", "pre_tokenizer": sequence(split(r"x*"), byte_level)},
    {"name": "word boundaries", "pre_tokenizer": sequence(split(r"\b\w+\b|\d|\W"), byte_level)},
    {"name": "lookbehind and atomic groups", "pre_tokenizer": sequence(split(r"(?<=a)b|(?>a+)(?!b)|\x{61}\u0062|(?:ab){,2}c"), byte_level)},
    {"name": "nested sequences", "pre_tokenizer": sequence(sequence(digits(True)), sequence(split(" "), gpt2))},
    *[{"name": f"{behavior}{', inverted' if invert else ''}", "pre_tokenizer": sequence(split(r"\s|a+", behavior, invert), byte_level)}
      for behavior in ["Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] for invert in [False, True]],
    *[{"name": form, "normalizer": {"type": form}, "pre_tokenizer": gpt2} for form in ["NFC", "NFD", "NFKC", "NFKD"]],
    {"name": "NFD, then NFC", "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFC"}]}, "pre_tokenizer": gpt2},
    {"name": "white space tokens that are text", "pre_tokenizer": gpt2, "added": [added("    ", special=False, normalized=True), added("  ", special=False, normalized=True), added("\t\t", special=False)], "textual": True},
    {"name": "added tokens", "normalizer": {"type": "NFC"}, "pre_tokenizer": gpt2, "trusted": True, "added": [
        added("<s>"), added("</s>", lstrip=True), added("<|a|>", rstrip=True), added("<|a|>b"), added("the", single_word=True, special=False), added("éè", normalized=True, special=False),
        added("<x>", lstrip=True, rstrip=True, single_word=True), added("e\u0301e", normalized=True)]},
    *[{"name": f"places without characters: {place}", "pre_tokenizer": sequence(split(place), byte_level)} for place in ["^", "$", r"\z", r"(?!a)", r"(?<!a)", r"\B"]],
]

letters = "aaaabbctheofm éèe\u0301xX0123456789½٣\u0085\u00a0\u3000\ufeff\u200d漢字かカ한\u1100\u1161ﬁſK\u212bß"
others = " \t\r\n.,;:!?'\"()[]{}<>|_-+=*/\\#@$%^&~`€\U0001F600\U0001F468\u200d\0"
pieces = ["the", "theme", "aaaa", "aab", "'s", "'LL", " don't", "\r\n\r\n", "    ", "==", "\t\t", "<s>", "</s>", "<|a|>", "<|a|>b", "<x>", " the ", "éè", "e\u0300", "__", "12345", " \u00b2\u00bc", "\u1680"]


def text():
    return "".join(rng.choice(rng.choice([letters, others, pieces])) for _ in range(rng.randint(0, 40)))


result = {"vocab": vocab, "merges": {"trained": model["merges"], "every pair": every_pair, "reversed": model["merges"][::-1], "half": model["merges"][: len(model["merges"]) // 2]}, "cases": []}
for case in cases:
    fresh = iter(range(len(vocab), 2 * len(vocab)))
    tokens = [{**token, "id": vocab[token["content"]] if token["content"] in vocab else next(fresh)} for token in case.get("added", [])]
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": case.get("normalizer"),
        "pre_tokenizer": case["pre_tokenizer"], "post_processor": None, "decoder": byte_level,
        "model": {**model, "merges": result["merges"][case.get("merges", "trained")], "ignore_merges": case.get("ignore_merges", False)},
    }
    tokenizer = Tokenizer.from_str(json.dumps(file))
    texts = [text() for _ in range(count)]
    ids = [tokenizer.encode(one, add_special_tokens=False).ids for one in texts]
    case["added"] = tokens
    result["cases"].append({**case, "texts": list(zip(texts, ids))})
json.dump(result, sys.stdout, ensure_ascii=True, separators=(",", ":"))
