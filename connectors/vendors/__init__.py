"""One folder a system. Site folders join by extending ``__path__`` (see ``connectors.registry``)."""
