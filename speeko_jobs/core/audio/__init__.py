"""Audio as bytes: probing, validation, decoding, joining and transcoding."""
