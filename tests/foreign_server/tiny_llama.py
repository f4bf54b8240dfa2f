"""A Llama of random weights with a tokenizer trained on the spot: it talks nonsense, but by the true code."""

from pathlib import Path

LESSONS = [
    "The parrot sits on the branch and waits for rain. Two finches answer from the hedge.",
    "Der Papagei sitzt auf dem Ast und wartet auf Regen. Zwei Finken antworten aus der Hecke.",
    "system user assistant",
] * 40
SPECIAL = ["<pad>", "<begin>", "<turn>", "<end>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}<turn>{{ message.role }}\n{{ message.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<turn>assistant\n{% endif %}"
)


def make(folder: Path) -> Path:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bytes_pairs = Tokenizer(models.BPE())
    bytes_pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_pairs.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet)
    bytes_pairs.train_from_iterator(LESSONS, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_pairs, pad_token="<pad>", bos_token="<begin>", eos_token="<end>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# Tiny\n")
    return folder


if __name__ == "__main__":
    import sys

    make(Path(sys.argv[1]))
