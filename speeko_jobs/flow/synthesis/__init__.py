"""From a claimed text to audio that is stored and booked."""
