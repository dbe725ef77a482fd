"""What is spoken of a row's text: cleaning, numbers, lexicons, SSML and segmentation."""
