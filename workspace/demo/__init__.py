"""The demo story: six partnerships, told through the same verbs as the product's."""
