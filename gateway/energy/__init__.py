"""What the models consume: readings of meters, shared out to the calls that were answered meanwhile.

reading → windows → sharing → booking, each round anew (`sampling`); `reports` says what came of a month
"""
