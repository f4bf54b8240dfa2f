"""What webhooks are told: a part of each app."""

from chat import hooks as answers
from gateway import hooks as models
from gateway.deliveries import Tellers
from rag import hooks as documents

TELLERS: Tellers = {**models.TELLERS, **documents.TELLERS, **answers.TELLERS}
