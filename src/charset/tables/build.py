#!/usr/bin/env python3
"""Counts letters of names in many languages and writes names.bin; README.md says from what and why.

usage: build.py CACHE       CACHE: a folder for packages and what is unpacked of them
"""
import collections, glob, math, os, re, struct, subprocess, sys, unicodedata

# Languages by the script their letters are of, in the order of `languages.rs`.
FAMILIES = [
    ("latin", "en de fr es pt it nl da sv nb fi ca is fo ga cy eu gl et sq id af br pl cs sk hu sl hr ro tr az ku lt lv vi"),
    ("cyrillic", "ru uk be bg sr mk kk mn"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("arabic", "ar fa ur"),
    ("thai", "th"),
]
FAMILY_OF = {language: family for family, languages in FAMILIES for language in languages.split()}

# Blocks of letters, in the order of `letters.rs`: family, first code point, how many.
BLOCKS = [("latin", 0x61, 26), ("latin", 0xa0, 0x250 - 0xa0), ("latin", 0x300, 0x30), ("greek", 0x370, 0x90), ("cyrillic", 0x400, 0x100),
          ("hebrew", 0x590, 0x60), ("arabic", 0x600, 0x100), ("thai", 0xe00, 0x60)]

# Where words come from counts as much as this.
WEIGHTS = {"names": 0.5, "prose": 0.2, "words": 0.3}

# Debian packages by what is read of them.
CATALOGUES = ("iso-codes libgweather-4-common freeciv-data kgeography-data gnucash-common kmymoney-common gnome-control-center-data "
              "evolution-common gnumeric-common xkb-data kstars-data marble-data").split()
NAMES = {"iso_3166-1", "iso_3166-2", "iso_3166-3", "libgweather-4.0-locations", "kgeography", "gnome-control-center-2.0-timezones", "freeciv-nations"}
PROSE = {"iso_639-3", "iso_639-5", "iso_639-2", "iso_4217", "iso_15924", "gnucash", "kmymoney", "xkeyboard-config", "evolution", "gnumeric-1.12.55"}
LISTS = {"en": "wamerican/american-english", "de": "wngerman/ngerman", "fr": "wfrench/french", "es": "wspanish/spanish",
         "pt": "wportuguese/portuguese wbrazilian/brazilian", "it": "witalian/italian", "nl": "wdutch/dutch", "da": "wdanish/danish",
         "sv": "wswedish/swedish", "nb": "wnorwegian/bokmaal", "fo": "wfaroese/faroese", "gl": "wgalician-minimos/galician-minimos",
         "ca": "wcatalan/catalan", "pl": "wpolish/polish", "uk": "wukrainian/ukrainian", "bg": "wbulgarian/bulgarian"}
DICTIONARIES = {"is": "hunspell-is/is_IS", "ga": "myspell-ga/ga_IE", "eu": "hunspell-eu/eu", "et": "myspell-et/et_EE", "sq": "myspell-sq/sq_AL",
                "id": "hunspell-id/id_ID", "af": "hunspell-af/af_ZA", "br": "hunspell-br/br_FR", "cs": "hunspell-cs/cs_CZ", "sk": "hunspell-sk/sk_SK",
                "hu": "hunspell-hu/hu_HU", "sl": "hunspell-sl/sl_SI", "hr": "hunspell-hr/hr_HR hunspell-bs/bs_BA hunspell-sr/sr_Latn_RS",
                "ro": "hunspell-ro/ro_RO", "tr": "hunspell-tr/tr_TR", "ku": "hunspell-kmr/kmr_Latn", "lt": "hunspell-lt/lt_LT", "lv": "hunspell-lv/lv_LV",
                "vi": "hunspell-vi/vi_VN", "ru": "hunspell-ru/ru_RU", "be": "hunspell-be/be_BY", "sr": "hunspell-sr/sr_RS", "kk": "hunspell-kk/kk_KZ",
                "mn": "hunspell-mn/mn_MN", "el": "hunspell-el/el_GR", "he": "hunspell-he/he_IL", "ar": "hunspell-ar/ar", "fa": "myspell-fa/fa_IR",
                "th": "hunspell-th/th_TH", "pl": "hunspell-pl/pl_PL", "de": "hunspell-de-de/de_DE", "es": "hunspell-es/es_ES"}
NATIONS = {"pl": "polish", "cs": "czech", "sk": "slovakian", "hu": "hungarian", "sl": "slovenian", "hr": "croatian bosnia montenegrin", "sr": "serbian",
           "ro": "romanian moldovan", "tr": "turk turkishcypriot ottoman", "az": "azeri", "lt": "lithuanian samogitian", "lv": "latvian", "et": "estonian",
           "fi": "finnish", "sv": "swedish", "da": "danish", "nb": "norwegian", "is": "icelandic", "fo": "faroese", "de": "german austrian swiss bavarian saxon",
           "fr": "french quebecois belgian", "es": "spanish mexican argentine chilean colombian peruvian cuban venezuelan", "pt": "portuguese brazilian",
           "it": "italian", "nl": "dutch flemish", "ca": "catalan", "gl": "galician", "eu": "basque", "ga": "gaelic", "cy": "welsh", "br": "breton",
           "sq": "albanian", "vi": "vietnamese", "id": "indonesian", "en": "english american", "af": "boer",
           "uk": "ukrainian", "ru": "russian", "mn": "mongol", "kk": "kazakh"}
EAST_ASIAN = "mecab-ipadic skkdic-extra python3-jieba rime-essay hunspell-ko".split()
LOCALES = {"no": "nb", "kmr": "ku", "nn": "nb", "sr@Latn": "hr", "sr@latin": "hr", "sr@ijekavianlatin": "hr", "bs": "hr", "pt_BR": "pt", "en_GB": "en", "en_AU": "en",
           "de_CH": "de", "ca@valencia": "ca", "es_MX": "es", "ro_MD": "ro"}

cache = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)


def package(name):
    """The folder a package is unpacked in; fetched when it is not there."""
    folder = f"{cache}/{name}"
    if not os.path.isdir(folder):
        os.makedirs(cache, exist_ok=True)
        subprocess.run(["apt-get", "download", name], cwd=cache, check=True, stdout=subprocess.DEVNULL)
        deb = sorted(glob.glob(f"{cache}/{name}_*.deb"))[-1]
        subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
        subprocess.run(["dpkg-deb", "-e", deb, folder + "/DEBIAN"], check=True)
        os.remove(deb)
    return folder


def catalogue(path):
    """The translations in a .mo file that differ from what they translate."""
    data = open(path, "rb").read()
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack(order + "3I", data[8:20])
    for i in range(count):
        pair = []
        for table in (originals, translations):
            length, start = struct.unpack(order + "2I", data[table + 8 * i:table + 8 * i + 8])
            pair.append(data[start:start + length].decode("utf-8", "replace"))
        key = pair[0].split("\x04")[-1]
        yield from (part for part in pair[1].split("\0") if key and part and part != key and "\ufffd" not in part)


def catalogues():
    """All translations: locale, domain, text."""
    for name in CATALOGUES:
        for path in sorted(glob.glob(f"{package(name)}/usr/share/locale/*/LC_MESSAGES/*.mo")):
            domain = os.path.basename(path)[:-3]
            if not os.path.islink(path) and domain in NAMES | PROSE:
                for text in catalogue(path):
                    yield path.split("/")[-3], domain, text


WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200c][^\W\d_]*)*")
words = collections.defaultdict(lambda: {source: collections.Counter() for source in WEIGHTS})


def add(language, source, text, weight=1):
    for word in WORD.findall(unicodedata.normalize("NFC", text)):
        words[language][source][word] += weight


def gather():
    for locale, domain, text in catalogues():
        language = LOCALES.get(locale, locale)
        if language not in FAMILY_OF:
            continue
        if domain in NAMES:
            add(language, "names", text)
        elif len(text) <= 200:
            add(language, "prose", re.sub(r"<[^>]*>|%\S+|&\w+;|_", "", text))
    for line in open(package("tzdata") + "/DEBIAN/templates", encoding="utf-8"):
        place = re.match(r"(?:Description|Choices)-(\S+?)\.UTF-8: (.*)", line)
        if place and LOCALES.get(place[1], place[1]) in FAMILY_OF:
            add(LOCALES.get(place[1], place[1]), "names", place[2])
    for language, nations in NATIONS.items():
        for nation in nations.split():
            rules = open(f"{package('freeciv-data')}/usr/share/games/freeciv/nation/{nation}.ruleset", encoding="utf-8").read()
            for name in re.findall(r'"([^"\n]+)"', rules[rules.find("leaders"):]):
                name = name.split("(")[0]
                if not name.islower() and bool(re.search("[\u0400-\u04ff]", name)) == (FAMILY_OF[language] == "cyrillic"):
                    add(language, "names", name, 2)
    for language, lists in LISTS.items():
        for name, path in (entry.split("/") for entry in lists.split()):
            data = open(f"{package(name)}/usr/share/dict/{path}", "rb").read()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text = data.decode("latin-1")
            for word in text.split("\n"):
                add(language, "words", word, 3 if word[:1].isupper() else 1)
    for language, lists in DICTIONARIES.items():
        for name, path in (entry.split("/") for entry in lists.split()):
            path = f"{package(name)}/usr/share/hunspell/{path}"
            charset = re.search(rb"^(?:\xef\xbb\xbf)?SET\s+(\S+)", open(path + ".aff", "rb").read(), re.M)
            charset = charset[1].decode() if charset else "latin-1"
            text = open(path + ".dic", "rb").read().decode({"microsoft-cp1251": "cp1251"}.get(charset, charset), "replace")
            for word in text.split("\n")[1:]:
                word = re.split(r"[/\t ]", word)[0]
                add(language, "words", word, 3 if word[:1].isupper() else 1)


# Romanian is written with commas below or with cedillas, which older charsets have.
SAME = str.maketrans("șț", "şţ")


def small(word):
    return word.lower().replace("i\u0307", "i").translate(SAME)


TONES = re.compile("([aăâeêioôơuưy])([\u0300\u0301\u0303\u0309\u0323])", re.I)


def vietnamese(word):
    """Letters and tones apart, as windows-1258 has them."""
    out = ""
    for letter in word:
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(c for c in parts if c in "\u0300\u0301\u0303\u0309\u0323")
        out += unicodedata.normalize("NFC", "".join(c for c in parts if c not in tones)) + tones
    return out


def masses(language):
    """How much each word counts: what is frequent counts more, but by its root."""
    total = {source: sum(count ** 0.5 for count in found.values()) for source, found in words[language].items()}
    have = sum(WEIGHTS[source] for source in WEIGHTS if total[source])
    mass = collections.Counter()
    for source, found in words[language].items():
        for word, count in sorted(found.items()):
            # Lists hold every letter as a word, which no text does.
            if (source != "words" or len(word) > 1) and len(word) < 40:
                word = small(word)
                if language == "fr":
                    word, ligatures = re.subn("oeu|^oe", lambda found: "œ" + found[0][2:], word)
                    # Few words, and among the most common ones: cœur, sœur, œuvre.
                    count *= 64 if ligatures else 1
                amount = WEIGHTS[source] / have / total[source] * 1e6 * count ** 0.5
                if language == "vi":
                    # What Latin-1 has letters for was often written in it.
                    if unicodedata.normalize("NFC", word).encode("latin-1", "ignore").decode("latin-1") == word:
                        mass[word] += amount
                    word = vietnamese(word)
                mass[word] += amount
    return mass


UNIT = 16      # costs are sixteenths of a nat
FLOOR = 11.5   # the cost of what was never seen


def family_section(family, languages):
    """Letters of a script and what it costs, language by language, that one follows another."""
    pairs, single = {}, {}
    for language in languages:
        pairs[language], single[language] = collections.Counter(), collections.Counter()
        for word, mass in sorted(masses(language).items()):
            for before, after in zip("^" + word, word + "^"):
                pairs[language][before + after] += mass
                single[language][after] += mass
    totals = {language: sum(single[language].values()) for language in languages}
    # ª and º are letters to Unicode, and signs to a reader.
    inside = lambda c: c not in "ªº" and any(name == family and start <= ord(c) < start + count for name, start, count in BLOCKS)
    share = lambda c: max(single[language][c] / totals[language] for language in languages)
    letters = sorted((c for c in set().union(*single.values()) if inside(c) and share(c) > LEAST_LETTER), key=lambda c: (ord(c) > 0x7f, ord(c)))
    alphabet = "^" + "".join(letters)
    assert len(alphabet) < 127, (family, len(alphabet))

    follows = {language: collections.Counter() for language in languages}
    for language in languages:
        for pair, mass in pairs[language].items():
            follows[language][pair[0]] += mass

    def cost(language, before, after):
        alone = (single[language][after] + 100) / totals[language]
        seen = follows[language][before]
        return min(FLOOR, -math.log((pairs[language][before + after] + 100 * alone) / (seen + 100)))

    def unseen(language, after):
        alone = (single[language][after] + 100) / totals[language]
        return min(FLOOR, -math.log(alone / 50))

    def lanes(of):
        """One octet a language, and for Latin first what the average of the languages says."""
        values = [of(language) for language in languages]
        if family == "latin":
            values.insert(0, -math.log(sum(math.exp(-value) for value in values) / len(values)))
        lanes = bytes(min(255, max(0, round(value * UNIT))) for value in values)
        # Many are added eight at a time.
        return lanes + b"\xff" * (-len(lanes) % 8) if len(lanes) > 8 else lanes

    # Rows 0..n stand for pairs never seen, by their second letter.
    rows = [lanes(lambda language: unseen(language, after)) for after in alphabet]
    index = []
    for before in alphabet:
        for number, after in enumerate(alphabet):
            worth = max(pairs[language][before + after] / totals[language] * (unseen(language, after) - cost(language, before, after))
                        for language in languages)
            if worth > LEAST_WORTH[family]:
                index.append(len(rows))
                rows.append(lanes(lambda language: cost(language, before, after)))
            else:
                index.append(number)
    data = struct.pack("<BBH", len(alphabet), len(rows[0]), len(rows))
    codes = ["--"] * (family == "latin") + languages
    data += "".join(codes + ["  "] * (len(rows[0]) - len(codes))).encode() + struct.pack(f"<{len(index)}H", *index) + b"".join(rows)
    print(f"{family}: {len(alphabet)} letters, {len(languages)} languages, {len(rows)} rows, {len(data)} octets: {alphabet}")
    return alphabet, data


LEAST_LETTER = 1e-5
# A pair has a row of its own if that is worth so many nats a letter in some language.
LEAST_WORTH = collections.defaultdict(lambda: 1e-4, latin=4.5e-4)


def letter_tables(alphabets):
    """For each code point of the blocks: the letter's number, with the high bit for a capital; 0 for none."""
    out = b""
    for family, start, count in BLOCKS:
        alphabet = alphabets[family]
        for code in range(start, start + count):
            letter = chr(code)
            lower = small(letter)
            number = alphabet.find(lower) if len(lower) == 1 else -1
            if letter == "\u0130":
                number, lower = alphabet.find("i"), "i"
            capital = lower != letter and letter not in SAME_LETTERS
            out += bytes([0 if number < 1 else number | (0x80 if capital else 0)])
    return out


SAME_LETTERS = "șț"


def single_octet():
    """80 to FF of the charsets that take one octet a character, in the order of `Single`; 0 where there is no character."""
    out = b""
    for name in SINGLE:
        for octet in range(0x80, 0x100):
            try:
                character = bytes([octet]).decode(name)
            except UnicodeDecodeError:
                character = "\0"
            # Where the WHATWG index differs from what Python knows.
            character = {("koi8_u", 0xae): "\u045e", ("koi8_u", 0xbe): "\u040e", ("mac_cyrillic", 0xff): "\u20ac", ("mac_cyrillic", 0xa2): "\u0490",
                         ("mac_cyrillic", 0xb6): "\u0491", ("cp1255", 0xca): "\u05ba"}.get((name, octet), character)
            if name == "koi8_u" and octet in (0xa4, 0xa6, 0xa7, 0xad, 0xb4, 0xb6, 0xb7, 0xbd):
                character = bytes([octet]).decode(name)
            out += struct.pack("<H", 0 if "\x80" <= character <= "\x9f" else ord(character))
    return out


SINGLE = ("cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 iso8859_2 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 "
          "iso8859_13 iso8859_15 iso8859_16 koi8_r koi8_u cp866 mac_roman mac_cyrillic").split()


def east_asian():
    """How common characters are where GBK, Big5, Shift_JIS and EUC-KR are used."""
    count = {language: collections.Counter() for language in ("hans", "hant", "ja", "ko")}

    def put(language, texts, mass):
        found = collections.Counter()
        for text, weight in texts:
            for character in unicodedata.normalize("NFC", text):
                if ord(character) > 0xff:
                    found[character] += weight
        total = sum(found.values())
        for character, weight in sorted(found.items()):
            count[language][character] += weight / total * mass

    translated = collections.defaultdict(list)
    for locale, domain, text in catalogues():
        if len(text) < 100:
            translated[locale, domain in NAMES].append((text, 1))
    both = lambda *locales: [item for locale in locales for kind in (True, False) for item in translated[locale, kind]]

    lines = [line.split() for line in open(package("python3-jieba") + "/usr/lib/python3/dist-packages/jieba/dict.txt", encoding="utf-8")]
    put("hans", [(word, float(weight) ** 0.5) for word, weight, _ in lines], 0.4)
    put("hans", [(word, float(weight) ** 0.3) for word, weight, kind in lines if kind in ("nr", "ns", "nt", "nrt", "nrfg", "nz")], 0.35)
    put("hans", both("zh_CN", "zh_Hans"), 0.25)
    lines = [line.rstrip("\n").split("\t") for line in open(package("rime-essay") + "/usr/share/rime-data/essay.txt", encoding="utf-8")]
    put("hant", [(word, float(weight) ** 0.5) for word, weight in lines], 0.7)
    put("hant", both("zh_TW", "zh_HK", "zh_Hant"), 0.3)
    for mass, names in ((0.15, "Noun.name"), (0.2, "Noun.place"), (0.15, "Noun.org Noun.proper"), (0.15, "Noun Noun.verbal")):
        put("ja", [(line.split(",")[0], 1) for name in names.split()
                   for line in open(f"{package('mecab-ipadic')}/usr/share/mecab/dic/ipadic/{name}.csv", encoding="euc-jp", errors="replace")], mass)
    for mass, name in ((0.1, "office.zipcode"), (0.1, "fullname"), (0.05, "station")):
        put("ja", [(re.split("[;@]", entry)[0], 1)
                   for line in open(f"{package('skkdic-extra')}/usr/share/skk/SKK-JISYO.{name}", encoding="euc-jp", errors="replace")
                   if line[0] != ";" and " " in line for entry in line.split(" ", 1)[1].strip().strip("/").split("/")], mass)
    put("ja", both("ja"), 0.25)
    put("ko", [(line.split("/")[0], 1) for line in open(package("hunspell-ko") + "/usr/share/hunspell/ko.dic", encoding="utf-8")], 0.35)
    put("ko", translated["ko", True], 0.35)
    put("ko", translated["ko", False], 0.3)

    def nibbles(start, count_, mixture, size):
        values = []
        for code in range(start, start + count_):
            share = sum(weight * count[language][chr(code)] for language, weight in mixture) + 0.01 / size
            values.append(min(15, max(0, round((-math.log(share) - LEAST_COST) / STEP))))
        return bytes(values[i] | values[i + 1] << 4 for i in range(0, len(values), 2))

    out = b""
    for mixture, size in (((("hans", 0.8), ("hant", 0.1), ("ja", 0.07)), 22000), ((("hant", 0.9), ("ja", 0.05)), 13000), ((("ja", 0.97),), 7000)):
        out += nibbles(0x4e00, 0x5200, mixture, size)
    out += nibbles(0x3000, 0x100, (("ja", 0.97),), 7000)
    out += nibbles(0xac00, 11172, (("ko", 0.95),), 11000)
    print(f"East Asian: {len(out)} octets")
    return out


# The cost of the least nibble and the step to the next, in nats.
LEAST_COST, STEP = 3.4, 0.65


def main():
    gather()
    alphabets, sections = {}, []
    for family, languages in FAMILIES:
        alphabets[family], data = family_section(family, languages.split())
        sections.append(data)
    parts = [letter_tables(alphabets), single_octet(), *sections, east_asian()]
    data = b"headguard names\x01" + struct.pack(f"<{len(parts)}I", *map(len, parts)) + b"".join(parts)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "names.bin"), "wb") as out:
        out.write(data)
    print(f"{len(data)} octets")


main()
