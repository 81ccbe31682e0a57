"""Recognizers: templates of faces and how alike they are; used to attack, never to name anybody."""
