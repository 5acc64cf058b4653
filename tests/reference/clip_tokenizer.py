"""What OpenAI's, open_clip's, the Perception Encoder's and transformers' tokenizers make of texts.

    python tests/reference/clip_tokenizer.py                the golden file, with a small list of pairs made here
    python tests/reference/clip_tokenizer.py FILE COUNT     COUNT texts with OpenAI's own list of pairs, to be compared by
                                                            OCELLI_TOKENIZER_CASES=FILE cargo test -p ocelli-models --lib tokenizer -- --ignored

Writes JSON: `sets`, each with `manner`, `count` (tokens), the files, and `rows` of texts with the numbers of their tokens. Texts
that ftfy takes for wrongly decoded ones (`fix_encoding`) are left out and counted, since that guess is not made here.
"""

import gzip
import json
import random
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import clip.simple_tokenizer as openai
import ftfy
import open_clip.tokenizer as open_clip
from inference_models.models.perception_encoder.vision_encoder import tokenizer as perception
from transformers import CLIPTokenizer

GOLDEN = Path(__file__).resolve().parents[2] / "models/tests/goldens/clip/tokenizer.json"
PAIRS = 300
TEXTS = [
    "", " ", "a photo of a cat", "A Photo of\ta  CAT.\n", "a photo of a café, naïve façade, Ångström, Straße",
    "it's, we'll, they've, don't, I'm, you're, he'd, IT'S", "it’s ‘curly’ and “double” quotes", "2024-11-22 at 10:45, ½ of ² and Ⅷ",
    "猫の写真、犬", "고양이 사진", "صورة قطة", "фото кота", "ภาพของแมว", "तस्वीर", "emoji 🐈‍⬛ 👩‍👩‍👧 🏳️‍🌈 ❤️", "e\u0301\u0301 a\u0308\u0345 \u0345x",
    "&lt;b&gt; &amp;amp; &eacute &NTILDE; &#x1F408; &#39;", "<i>not &amp;amp; this</i>\n&amp;amp; &ntilde;", "ﬁne ﬄow Ĳ ǅ ŉ ﬆ ＦＵＬＬ　ｗｉｄｔｈ ｶﾞ",
    "'ſ 'S 'Re", "<|startoftext|> in <|ENDOFTEXT|> text", "<start_of_text> <end_of_text>", "x\u0000y\u0007z\u001b[31mred\u001b[0m \ufeff\u200b\u200d",
    "line\u2028sep\u2029par\u0085next\u000bvt\u000cff\u001cfs", "ΣΑΣ ΌΔΟΣ İstanbul ıI", "a" * 300, "!?" * 50, "don''t ''s '", "&notin; &notit; &; & &#; &#x;",
    "the the the cat cat sat on the photo of a photo", "\u00a0nbsp\u2003em\u3000ideographic", "__init__ snake_case CamelCase kebab-case", "😀" * 40,
]


def pairs_of(texts):
    """A small list of pairs, joined by how often they occur."""
    signs, merges = openai.bytes_to_unicode(), []
    words = Counter()
    for word in " ".join(texts).lower().split():
        letters = [signs[byte] for byte in word.encode()]
        words[(*letters[:-1], letters[-1] + "</w>")] += 1
    for _ in range(PAIRS):
        counts = Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                counts[pair] += count
        best = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(best)
        joined = Counter()
        for word, count in words.items():
            out = []
            for letter in word:
                if out and (out[-1], letter) == best:
                    out[-1] += letter
                else:
                    out.append(letter)
            joined[tuple(out)] += count
        words = joined
    return merges


def fixed(text):
    """Whether ftfy takes it for a wrongly decoded text."""
    return ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False)


def random_text(rng):
    """Words of many scripts, with what cleaning looks at between them; no characters of later versions of Unicode."""
    ranges = [(0x20, 0x7E)] * 6 + [(0xA0, 0x17F), (0x180, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F)]
    ranges += [(0xE00, 0xE7F), (0x2000, 0x206F), (0x2100, 0x218F), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB06), (0xFE00, 0xFE0F)]
    ranges += [(0xFF01, 0xFFEF), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x1D400, 0x1D7FF), (0, 0x1F)]
    snippets = ["a photo of ", "the ", "'s ", "n’t ", "&amp;", "&eacute;", "&lt;", "<br>", "\n", "&#8217;", "\u200d", "’s", "“", "”", " 123 ", "don't ", "…", "&AMP;", "\u00a0"]
    parts = []
    for _ in range(rng.randrange(1, 12)):
        if rng.random() < 0.4:
            parts.append(rng.choice(snippets))
        else:
            low, high = rng.choice(ranges)
            parts.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randrange(1, 9))))
            parts.append(rng.choice(["", " ", " "]))
    text = "".join(parts)
    text = "".join(c for c in text if unicodedata.category(c) != "Cn")
    return text * rng.choice([1] * 19 + [40])


def transformers_of(merges):
    signs = list(openai.bytes_to_unicode().values())
    names = signs + [sign + "</w>" for sign in signs] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocab = {name: i for i, name in enumerate(names)}
    return vocab, CLIPTokenizer(vocab=vocab, merges=[tuple(pair) for pair in merges])


def main(path, texts, merges, files):
    count = 512 + len(merges) + 2
    texts = [text for text in texts if not fixed(text)]
    vocab, hugging_face = transformers_of(merges)
    with tempfile.NamedTemporaryFile(suffix=".txt.gz") as file:
        Path(file.name).write_bytes(gzip.compress(("#version\n" + "\n".join(" ".join(pair) for pair in merges)).encode()))
        plain = openai.SimpleTokenizer(file.name)
        open_one, perceiving = open_clip.SimpleTokenizer(file.name), perception.SimpleTokenizer(file.name)
    ends = [count - 2, count - 1]
    rows = lambda encode: [[text, encode(text)] for text in texts]
    around = lambda tokens: [ends[0], *tokens, ends[1]]
    open_rows = rows(lambda text: around(open_one.encode(text)))
    assert open_rows == rows(lambda text: around(perceiving.encode(text)))
    sets = [
        {"manner": "openai", "rows": rows(lambda text: around(plain.encode(text)))},
        {"manner": "open-clip", "rows": open_rows},
        {"manner": "transformers", "rows": rows(lambda text: hugging_face(text)["input_ids"])},
    ]
    document = {"count": count, **files(merges, vocab, hugging_face), "sets": sets}
    path.write_text(json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes,", len(texts), "texts,", count, "tokens")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        small = pairs_of(TEXTS)
        describe = lambda merges, vocab, slow: {
            "merges": "\n".join(" ".join(pair) for pair in merges),
            "vocab": json.dumps(vocab),
            "tokenizer": json.loads(slow.backend_tokenizer.to_str()),
        }
        main(GOLDEN, TEXTS, small, describe)
    else:
        rng = random.Random(7)
        texts = TEXTS + [random_text(rng) for _ in range(int(sys.argv[2]))]
        print(sum(map(fixed, texts)), "of", len(texts), "texts are taken for wrongly decoded ones")
        lines = gzip.open(openai.default_bpe()).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
        whole = [tuple(line.split()) for line in lines]
        main(Path(sys.argv[1]), texts, whole, lambda merges, vocab, slow: {"path": openai.default_bpe()})
