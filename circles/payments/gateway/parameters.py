"""The parameters that Stripe accepts, as the SDK declares them: what the look-alike checks calls against."""

from __future__ import annotations

from typing import Any


def accepted_parameters() -> dict[str, Any]:
    """The SDK's parameter types of each call, for the look-alike to check against."""
    from stripe import params
    from stripe.params import checkout

    return {
        "create_checkout": checkout.SessionCreateParams,
        "retrieve_checkout": checkout.SessionRetrieveParams,
        "expire_checkout": checkout.SessionExpireParams,
        "search_payment_intents": params.PaymentIntentSearchParams,
        "retrieve_payment_intent": params.PaymentIntentRetrieveParams,
        "retrieve_charge": params.ChargeRetrieveParams,
        "create_refund": params.RefundCreateParams,
        "list_refunds": params.RefundListParams,
        "retrieve_refund": params.RefundRetrieveParams,
        "retrieve_event": params.EventRetrieveParams,
        "retrieve_dispute": params.DisputeRetrieveParams,
        "list_disputes": params.DisputeListParams,
        "update_dispute": params.DisputeUpdateParams,
        "close_dispute": params.DisputeCloseParams,
        "retrieve_balance": params.BalanceRetrieveParams,
        "list_balance_transactions": params.BalanceTransactionListParams,
        "retrieve_balance_transaction": params.BalanceTransactionRetrieveParams,
        "list_payouts": params.PayoutListParams,
        "retrieve_payout": params.PayoutRetrieveParams,
        "create_account": params.AccountCreateParams,
        "retrieve_account": params.AccountRetrieveParams,
        "list_accounts": params.AccountListParams,
        "create_account_link": params.AccountLinkCreateParams,
        "create_transfer": params.TransferCreateParams,
        "retrieve_transfer": params.TransferRetrieveParams,
        "list_transfers": params.TransferListParams,
        "create_reversal": params.TransferReversalCreateParams,
        "list_reversals": params.TransferReversalListParams,
    }


def call_options() -> tuple[type, dict[str, Any]]:
    """The SDK's type of how a call is made (never sent as parameters), and the names its types refer to."""
    from collections.abc import Mapping

    from stripe import RequestOptions, StripeContext

    return RequestOptions, {"Mapping": Mapping, "StripeContext": StripeContext}
