"""``make bench``: every measurement, one after the other."""

from bench import chain, mapping

print("# generated mapping beside hand-written Python")
mapping.main()
print("\n# the whole chain beside a bare fetch")
chain.main()
