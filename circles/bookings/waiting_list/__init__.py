"""The waiting list: who would come to a full gathering, and the seats that come free and are offered to them in turn.

Code that frees a seat otherwise than by ending a booking calls `offers.offer_seats` in the same transaction.
"""
