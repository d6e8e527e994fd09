"""Words of any language: what makes two of them one, where they begin, how names are sorted."""
