"""How calls prove who we are: the manifest's ``auth:`` section (``spec``) and what carries it out (``open``)."""
