"""What OpenAI's, open_clip's, the Perception Encoder's and transformers' tokenizers make of texts.

    python tests/reference/clip_tokenizer.py                the golden files, each with a small list of pairs made here
    python tests/reference/clip_tokenizer.py FILE COUNT     COUNT texts with OpenAI's own list of pairs, to be compared by
                                                            OCELLI_TOKENIZER_CASES=FILE cargo test -p ocelli-models --lib tokenizer -- --ignored

Writes JSON: `count` (tokens), the files, and `sets`, each with its `manner` and `rows` of texts with the numbers of their tokens. The
second golden file has what mixed texts are made of, and of each text's tokens (little-endian u32) only the CRC-32 in hexadecimal. Texts
that ftfy takes for wrongly decoded ones (`fix_encoding`) are left out and counted, since that guess is not made here.
"""

import gzip
import json
import struct
import sys
import tempfile
import unicodedata
import zlib
from collections import Counter
from pathlib import Path

import clip.simple_tokenizer as openai
import ftfy
import open_clip.tokenizer as open_clip
from inference_models.models.perception_encoder.vision_encoder import tokenizer as perception
from transformers import CLIPTokenizer

FOLDER = Path(__file__).resolve().parents[2] / "models/tests/goldens/clip"
GOLDEN, MIXED_GOLDEN = FOLDER / "tokenizer.json", FOLDER / "tokenizer_mixed.json"
PAIRS, MIXED_PAIRS = 300, 1500
# How many mixed texts there are, and about how many bytes the very long ones have.
MIXED, LONG = 4000, 12000
TEXTS = [
    "", " ", "a photo of a cat", "A Photo of\ta  CAT.\n", "a photo of a café, naïve façade, Ångström, Straße",
    "it's, we'll, they've, don't, I'm, you're, he'd, IT'S", "it’s ‘curly’ and “double” quotes", "2024-11-22 at 10:45, ½ of ² and Ⅷ",
    "猫の写真、犬", "고양이 사진", "صورة قطة", "фото кота", "ภาพของแมว", "तस्वीर", "emoji 🐈‍⬛ 👩‍👩‍👧 🏳️‍🌈 ❤️", "e\u0301\u0301 a\u0308\u0345 \u0345x",
    "&lt;b&gt; &amp;amp; &eacute &NTILDE; &#x1F408; &#39;", "<i>not &amp;amp; this</i>\n&amp;amp; &ntilde;", "ﬁne ﬄow Ĳ ǅ ŉ ﬆ ＦＵＬＬ　ｗｉｄｔｈ ｶﾞ",
    "'ſ 'S 'Re", "<|startoftext|> in <|ENDOFTEXT|> text", "<start_of_text> <end_of_text>", "x\u0000y\u0007z\u001b[31mred\u001b[0m \ufeff\u200b\u200d",
    "line\u2028sep\u2029par\u0085next\u000bvt\u000cff\u001cfs", "ΣΑΣ ΌΔΟΣ İstanbul ıI", "a" * 300, "!?" * 50, "don''t ''s '", "&notin; &notit; &; & &#; &#x;",
    "the the the cat cat sat on the photo of a photo", "\u00a0nbsp\u2003em\u3000ideographic", "__init__ snake_case CamelCase kebab-case", "😀" * 40,
]


def pairs_of(texts, wanted):
    """A small list of pairs, joined by how often they occur."""
    signs, merges = openai.bytes_to_unicode(), []
    words = Counter()
    for word in " ".join(texts).lower().split():
        letters = [signs[byte] for byte in word.encode()]
        words[(*letters[:-1], letters[-1] + "</w>")] += 1
    for _ in range(wanted):
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


def assigned(ranges):
    """The ranges without characters that Unicode has not given out."""
    runs = []
    for code in (code for low, high in ranges for code in range(low, high + 1)):
        if unicodedata.category(chr(code)) == "Cn":
            continue
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return runs


ALPHABETS = [assigned(ranges) for ranges in [
    *[[(0x20, 0x7E)]] * 6, [(0xA0, 0x17F)], [(0x180, 0x24F)], [(0x300, 0x36F)], [(0x370, 0x3FF)], [(0x400, 0x4FF)], [(0x590, 0x6FF)], [(0x900, 0x97F)],
    [(0xE00, 0xE7F)], [(0x2000, 0x206F)], [(0x2100, 0x218F)], [(0x3040, 0x30FF)], [(0x4E00, 0x9FEF)], [(0xAC00, 0xD7A3)], [(0xFB00, 0xFB06), (0xFE00, 0xFE0F)],
    [(0xFF01, 0xFFEF)], [(0x1F300, 0x1F64F)], [(0x1F900, 0x1F9FF)], [(0x1D400, 0x1D7FF)], [(0, 0x1F)],
]]
SNIPPETS = [
    "a photo of ", "the ", "'s ", "n’t ", "&amp;", "&eacute;", "&lt;", "<br>", "\n", "&#8217;", "\u200d", "’s", "“", "”", " 123 ", "don't ", "…", "&AMP;", "\u00a0",
    "👩‍👩‍👧 ", "🏳️‍🌈", "e\u0301", "猫の写真 ", "фото ", "café ", "Straße ",
]


def mixed_text(number):
    """Words of many scripts, with what cleaning looks at between them; some very long. The same as the test's in Rust."""
    state = number

    def below(count):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % count

    def letter(runs):
        place = below(sum(high - low + 1 for low, high in runs))
        for low, high in runs:
            if place <= high - low:
                return chr(low + place)
            place -= high - low + 1

    text = ""
    for _ in range(1 + below(11)):
        if below(5) < 2:
            text += SNIPPETS[below(len(SNIPPETS))]
        else:
            runs = ALPHABETS[below(len(ALPHABETS))]
            text += "".join(letter(runs) for _ in range(1 + below(8)))
            text += " " * (below(3) > 0)
    long = below(20) == 0
    return text * (LONG // len(text.encode())) if long else text


def mixed():
    """The second golden file: a hash of each text's tokens."""
    texts = [mixed_text(number) for number in range(MIXED)]
    merges = pairs_of([text[:200] for text in texts], MIXED_PAIRS)
    left_out = [number for number, text in enumerate(texts) if fixed(text)]
    kept = [text for number, text in enumerate(texts) if number not in left_out]
    sets = tokens_of(kept, merges)
    hashes = lambda rows: "".join(f"{zlib.crc32(struct.pack(f'<{len(tokens)}I', *tokens)):08x}" for _, tokens in rows)
    document = {
        "count": 512 + len(merges) + 2, "merges": "\n".join(" ".join(pair) for pair in merges), "texts": MIXED, "long": LONG, "left_out": left_out,
        "alphabets": ALPHABETS, "snippets": SNIPPETS, "sets": [{"manner": set["manner"], "crc32": hashes(set["rows"])} for set in sets],
    }
    write(MIXED_GOLDEN, document)
    print(len(kept), "mixed texts,", len(left_out), "left out")


def transformers_of(merges):
    signs = list(openai.bytes_to_unicode().values())
    names = signs + [sign + "</w>" for sign in signs] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocab = {name: i for i, name in enumerate(names)}
    return vocab, CLIPTokenizer(vocab=vocab, merges=[tuple(pair) for pair in merges])


def tokens_of(texts, merges):
    """Of each manner, texts and their tokens."""
    count = 512 + len(merges) + 2
    _, hugging_face = transformers_of(merges)
    with tempfile.NamedTemporaryFile(suffix=".txt.gz") as file:
        Path(file.name).write_bytes(gzip.compress(("#version\n" + "\n".join(" ".join(pair) for pair in merges)).encode()))
        plain = openai.SimpleTokenizer(file.name)
        open_one, perceiving = open_clip.SimpleTokenizer(file.name), perception.SimpleTokenizer(file.name)
    ends = [count - 2, count - 1]
    rows = lambda encode: [[text, encode(text)] for text in texts]
    around = lambda tokens: [ends[0], *tokens, ends[1]]
    open_rows = rows(lambda text: around(open_one.encode(text)))
    assert open_rows == rows(lambda text: around(perceiving.encode(text)))
    return [
        {"manner": "openai", "rows": rows(lambda text: around(plain.encode(text)))},
        {"manner": "open-clip", "rows": open_rows},
        {"manner": "transformers", "rows": rows(lambda text: hugging_face(text)["input_ids"])},
    ]


def write(path, document):
    path.write_text(json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes,", document["count"], "tokens")


def chosen():
    """The first golden file: texts chosen by hand, and a list of pairs in each of its files."""
    texts = [text for text in TEXTS if not fixed(text)]
    merges = pairs_of(TEXTS, PAIRS)
    vocab, hugging_face = transformers_of(merges)
    files = {
        "merges": "\n".join(" ".join(pair) for pair in merges),
        "vocab": json.dumps(vocab),
        "tokenizer": json.loads(hugging_face.backend_tokenizer.to_str()),
    }
    write(GOLDEN, {"count": 512 + len(merges) + 2, **files, "sets": tokens_of(texts, merges)})


def whole(path, count):
    """Mixed texts with OpenAI's own list."""
    texts = TEXTS + [mixed_text(number) for number in range(count)]
    kept = [text for text in texts if not fixed(text)]
    print(len(texts) - len(kept), "of", len(texts), "texts are taken for wrongly decoded ones")
    lines = gzip.open(openai.default_bpe()).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    merges = [tuple(line.split()) for line in lines]
    write(path, {"count": 512 + len(merges) + 2, "path": openai.default_bpe(), "sets": tokens_of(kept, merges)})


if __name__ == "__main__":
    if len(sys.argv) == 1:
        chosen()
        mixed()
    else:
        whole(Path(sys.argv[1]), int(sys.argv[2]))
