"""Do one model's answers lean to another's? What weights cannot show, beside controls and a stated false-alarm rate.

Models are asked how a fixed set of public-domain texts goes on (`prompts`), by bytes, so that tokenizers need not
agree (`openings`, `answers`). What A and B share that no mix of the controls explains is held against what each control
shares with either (`partial`, `leaning`). It is calibrated, never exact, and shows no descent of weights.
"""

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.answers_file import is_answers_file, read_answers, write_answers
from lineage_audit.behaviour.asking import answers_of
from lineage_audit.behaviour.behaving import held_against
from lineage_audit.behaviour.prompts import prompt_set

__all__ = ["Answers", "answers_of", "held_against", "is_answers_file", "prompt_set", "read_answers", "write_answers"]
