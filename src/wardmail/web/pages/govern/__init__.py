"""The pages of those who answer for integrations, sharing agreements, the policy and our own domains."""
