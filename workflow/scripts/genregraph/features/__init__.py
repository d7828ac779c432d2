"""From samples to feature tables, one row a clip, computed in shards."""
