"""The programme: what a released plan demands, and how far the county has come.

Coverage is never stored. It is counted from the register whenever somebody looks, by the rules of one
released plan, and every number can be opened as the list of households behind it.
"""
