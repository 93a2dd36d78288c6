"""The hub's identities with the real thing: every order of arrival, merges taken back, kills, and a hub from before."""
