"""From audio files to checked samples: sheets, archives, synthesis, audit, cuts."""
