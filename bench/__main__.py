"""``make bench``: every measurement, one after the other."""

from bench import chain, diff, intake, mapping, rest, search, sql
from bench.matching import table as matching

print("# generated mapping beside hand-written Python")
mapping.main()
print("\n# two versions of a mapping over recorded records")
diff.main()
print("\n# a REST list beside requests and orjson")
rest.main()
print("\n# a table read beside a bare cursor loop")
sql.main()
print("\n# the whole chain beside a bare fetch")
chain.main()
print("\n# webhooks stored before they are answered")
intake.main()
print("\n# search over HTTP among 100,000 customers")
search.main()
print("\n# customers of four systems matched, beside exact names and Splink")
matching.main(["--peers", "--febrl"])
