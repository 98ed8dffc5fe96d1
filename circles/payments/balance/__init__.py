"""What Stripe's balance says: fees, net amounts, payouts and what is inside them."""
