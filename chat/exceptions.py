"""What can go wrong in a conversation.

ChatError
├── EmptyQuestion        400  nothing was asked
├── QuestionTooLong      413
├── UnknownCollection    404  chosen, but not visible to the one who asks
├── UnknownAssistant     404  chosen, but not there, or not shared with the one who asks
├── AssistantModelGone   503  the model of an assistant is not offered to the one who asks
├── AlreadyAsked         409  this very message was stored before
├── AnswerRunning        409  one answer at a time in a conversation
├── AttachmentsNotReady  409  a file is still being read
├── NothingToRetry       409  the answer is not one that broke off
├── NothingToContinue    409  the answer came to its end, or has no words yet
├── UnknownMessage       404  not one of this conversation
├── ChoiceOpen           409  of two answers none was taken yet
├── CollectionEnded      409  one that was chosen is no longer valid
├── OnHold               409  a legal hold is on what should be deleted
├── OnlyInHouse          403  what is confidential would leave the house
├── BrokenHistory        400  what a temporary chat's page sent along is not a conversation
├── NothingToShare       409  no answer has ended yet
├── UnknownRecipient     404  nobody here has this address
├── FormatUnavailable    404  nothing here writes this kind of file
├── ImportRefused        400  a file that holds no conversations that can be taken over
├── NoModel              503  nothing is connected that could answer
├── EmptyAnswer          502  the model ended without a word
├── AnswerTooLong        502  it wrote and wrote
└── AnswerRepeats        502  it wrote the same again and again
"""

from django.utils.translation import gettext_lazy as _


class ChatError(Exception):
    status = 400
    code = "chat_error"
    sentence = _("That did not work.")

    def __str__(self) -> str:
        return str(self.sentence)


class EmptyQuestion(ChatError):
    code = "empty_question"
    sentence = _("Write a message first.")


class QuestionTooLong(ChatError):
    status = 413
    code = "question_too_long"
    sentence = _("This message is too long. Attach long texts as a file instead.")


class UnknownCollection(ChatError):
    status = 404
    code = "unknown_collection"
    sentence = _("This collection does not exist, or is not shared with you.")


class OnHold(ChatError):
    status = 409
    code = "on_hold"
    sentence = _("A legal hold is on it: it cannot be deleted before that ends.")


class UnknownAssistant(ChatError):
    status = 404
    code = "unknown_assistant"
    sentence = _("This assistant does not exist, or is no longer shared with you. Choose another one, or a model.")


class AssistantModelGone(ChatError):
    status = 503
    code = "assistant_model_gone"

    def __init__(self, assistant: str, model: str) -> None:
        super().__init__(assistant, model)
        self.assistant, self.model = assistant, model

    def __str__(self) -> str:
        return _(
            "The assistant “%(assistant)s” answers by “%(model)s”, and this model is not available to you. "
            "Choose another assistant or a model."
        ) % {"assistant": self.assistant, "model": self.model}


class AlreadyAsked(ChatError):
    status = 409
    code = "already_asked"
    sentence = _("This message was sent before.")


class AnswerRunning(ChatError):
    status = 409
    code = "answer_running"
    sentence = _("An answer is still being written here. Wait for it, or stop it.")


class AttachmentsNotReady(ChatError):
    status = 409
    code = "attachments_not_ready"
    sentence = _("An attached file is still being read. One moment.")


class NothingToRetry(ChatError):
    status = 409
    code = "nothing_to_retry"
    sentence = _("This answer cannot be tried again.")


class NothingToCompare(ChatError):
    status = 409
    code = "nothing_to_compare"
    sentence = _("Only the last answer of a chat can be compared, with one other.")


class NothingToContinue(ChatError):
    status = 409
    code = "nothing_to_continue"
    sentence = _("This answer cannot be continued.")


class UnknownMessage(ChatError):
    status = 404
    code = "unknown_message"
    sentence = _("This message is no longer there. Reload the page.")


class ChoiceOpen(ChatError):
    status = 409
    code = "choice_open"
    sentence = _("Take one of the two answers first; then it goes on from there.")


class CollectionEnded(ChatError):
    status = 409
    code = "collection_ended"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return _("“%(name)s” is no longer valid. Leave it out, or ask those who manage it to renew it.") % {
            "name": self.name
        }


class OnlyInHouse(ChatError):
    status = 403
    code = "only_in_house"

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model

    def __str__(self) -> str:
        return _(
            "Documents of this conversation are confidential, and “%(model)s” does not run in the house. "
            "Choose another model, or begin a new chat without them."
        ) % {"model": self.model}


class BrokenHistory(ChatError):
    code = "broken_history"
    sentence = _("This temporary chat can no longer be read. Begin a new one.")


class NothingToShare(ChatError):
    status = 409
    code = "nothing_to_share"
    sentence = _("There is no finished answer to share yet.")


class UnknownRecipient(ChatError):
    status = 404
    code = "unknown_recipient"
    sentence = _("Nobody here has the address %(address)s.")

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        return str(self.sentence) % {"address": self.address}


class FormatUnavailable(ChatError):
    status = 404
    code = "format_unavailable"
    sentence = _("This kind of file cannot be written here.")


class ImportRefused(ChatError):
    """The sentence says what is wrong with the file."""

    code = "import_refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)

    def __str__(self) -> str:
        return str(self.args[0])


class NoModel(ChatError):
    status = 503
    code = "no_model"
    sentence = _("This model is not available. Choose another, or ask an admin to connect a model server.")


class EmptyAnswer(ChatError):
    status = 502
    code = "empty_answer"
    sentence = _("The model ended without an answer.")


class AnswerTooLong(ChatError):
    status = 502
    code = "answer_too_long"
    sentence = _("The answer grew longer than can be shown, so it was ended here.")


class AnswerRepeats(ChatError):
    status = 502
    code = "answer_repeats"
    sentence = _("The model wrote the same again and again, so it was ended here.")
