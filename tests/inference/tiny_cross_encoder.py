"""A cross-encoder of random weights: its scores mean nothing, but they come by the true code."""

from pathlib import Path

LESSONS = [
    "The parrot sits on the branch and waits for rain. Two finches answer from the hedge.",
    "Der Papagei sitzt auf dem Ast und wartet auf Regen. Zwei Finken antworten aus der Hecke.",
] * 20
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CONTEXT = 64  # tokens


def make(folder: Path, labels: int = 1) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.train_from_iterator(LESSONS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL))
    begin, end = words.token_to_id("[CLS]"), words.token_to_id("[SEP]")
    words.post_processor = processors.BertProcessing(("[SEP]", end), ("[CLS]", begin))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=CONTEXT, **names)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        initializer_range=0.5,  # so that scores differ
        num_labels=labels,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# Tiny\n")
    return folder


if __name__ == "__main__":
    import sys

    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
