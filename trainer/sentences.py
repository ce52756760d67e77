"""Sentences that carry a word as it is dictated: at the beginning, in the middle and at the end.

They fit names of people, places, products and terms alike, since a list of words does not say which is which.
In angles stand parts that vary, so that a word has some five hundred sentences.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.words import Word

MOST = 500
"""So many sentences every word has at least."""

_BEGINNING = """\
<word> came up again in the meeting on <day>.
<word> is the first thing on the agenda for <day>.
<word> will be covered at <time>, right after the break.
<word> was not mentioned in the report that <name> sent.
<word> is still an open question for the <group>.
<word> should go on the second page, next to the picture.
<word> and everything that belongs to it can wait until <day>.
<word> is spelled wrong in the title, please correct it.
<word> matters more to the <group> than anything else this week.
<word> has been on my mind since <day>.
<word> is what <name> asked about on the phone.
<word> took up most of the morning, so I am late with the rest.
<word> again, and this time with the right spelling.
<word> is new to me, so bear with my questions.
<word> does not appear anywhere in the minutes.
<word> is a good example of what I mean.
<word> was the last item that we discussed before lunch.
<word> looks fine now, thank you for the quick help.
<word> or something close to it is what I heard.
<word> needs a short note for the <group> by <day>.
<word>, as far as I know, was <name>'s idea.
<word> first, then the invoices, then the letter to <name>.
"""

_MIDDLE = """\
Please send me what you have on <word> before <day>.
I talked to <name> about <word> this morning.
We need to go over <word> with the <group> at <time>.
Can you tell me where <word> is mentioned in the contract?
On <day> I read an article about <word> and thought of you.
My notes on <word> are in the shared folder.
Could you add <word> to the list for <day>?
The question about <word> came from <name>, not from me.
Last week <word> was all that anybody talked about.
As soon as <word> is settled, I will call <name>.
The part about <word> should be a little shorter.
I would like to hear what <name> thinks of <word> by <day>.
We had <word> on the list, but then we ran out of time.
Without <word> the whole plan makes no sense to me.
There is a message about <word> from the <group> in my inbox.
If you search for <word> you will find the page at once.
The <group> put <word> at the top of the list.
Thanks for explaining <word> to me so patiently.
I have never heard <word> pronounced like that before.
Dear <name>, regarding <word>, I will answer by <day>.
Even though <word> was new to most of us, the talk went well.
The second chapter deals with <word> and its history.
"""

_END = """\
Please remind me on <day> about <word>.
The whole afternoon was about <word>.
Before we finish, let me say a few words about <word>.
Do you know anyone who can help with <word>?
At <time> there is a short talk on <word>.
Have you ever heard of <word>?
The next item on my list is <word>.
I asked <name> to write a summary of <word>.
By <day> the <group> wants to know more about <word>.
Nobody in the <group> had ever heard of <word>.
Let us start the new chapter with <word>.
The e-mail from <name> ends with a question about <word>.
I am not sure how to spell <word>.
What did <name> say about <word>?
The subject of the message is <word>.
Instead of the usual heading, write <word>.
There are three photographs of the garden and one of <word>.
It took me a while to understand <word>.
Yesterday at <time> somebody called and asked for <word>.
We can agree on everything except <word>.
Open the file that begins with <word>.
I promised the <group> to look into <word>.
"""

_PARTS = {
    "<day>": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "<time>": ("nine", "half past ten", "eleven", "noon", "two o'clock", "a quarter to four", "five thirty"),
    "<name>": ("Anna", "Peter", "Joyce", "Martin", "Sheila", "George", "Ruth", "Hugh", "Zoe", "Walter"),
    "<group>": ("team", "board", "committee", "school", "office", "neighbours", "engineers", "choir"),
}


def carriers(word: Word, count: int, seed: int) -> list[str]:
    """Give sentences with the word in them, all different; the same for the same word, count and seed.

    The positions take turns, and no frame comes again before all of its position have come: with three,
    the word has been at the beginning, in the middle and at the end. Fewer are the beginning of more.

    Raises:
        ValueError: More than `MOST` are asked for.
    """
    if count > MOST:
        raise ValueError(f"a word has {MOST} sentences, not {count}")
    chance = random.Random(f"{seed} {word.text}")  # noqa: S311  # chance is to be repeatable
    positions = [
        _sentences(frames, word.text, chance.getrandbits(64)) for frames in (_BEGINNING, _MIDDLE, _END)
    ]
    chance.shuffle(positions)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*positions))
    return list(itertools.islice(filter(None, turns), count))


def _sentences(frames: str, word: str, seed: int) -> Iterator[str]:
    """Give every sentence of these frames once: each frame in turn, with other parts every time."""
    chance = random.Random(seed)  # noqa: S311  # chance is to be repeatable
    left = [_variants(frame, chance) for frame in frames.splitlines()]
    while left:
        chance.shuffle(left)
        left = [variants for variants in left if variants]
        for variants in left:
            yield _with_word(variants.pop(), word)


def _variants(frame: str, chance: random.Random) -> list[str]:
    named = [part for part in _PARTS if part in frame]
    variants = []
    for chosen in itertools.product(*(_PARTS[part] for part in named)):
        variant = frame
        for part, value in zip(named, chosen, strict=True):
            variant = variant.replace(part, value)
        variants.append(variant)
    chance.shuffle(variants)
    return variants


def _with_word(sentence: str, word: str) -> str:
    if sentence.startswith("<word>") and word.islower() and word[0].isalpha():
        word = word[0].upper() + word[1:]  # a name such as "iPhone" keeps its own case
    sentence = sentence.replace("<word>", word)
    return sentence.removesuffix(".") if sentence.endswith("..") else sentence
