"""Asking providers who somebody is: Authlib's client, bounded, and what each kind of them says."""
