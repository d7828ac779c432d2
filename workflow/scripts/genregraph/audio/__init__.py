"""From audio files to checked samples: tags, decoders, audit, segments."""
