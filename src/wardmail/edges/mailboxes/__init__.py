"""Mailboxes at upstream services: implements `ports.Mailbox` for IMAP, POP3, Microsoft Graph and EWS."""
