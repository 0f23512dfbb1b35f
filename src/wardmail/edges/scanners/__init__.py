"""Services that know malware and spam: each may be absent, none is believed to have said what it did not say."""
