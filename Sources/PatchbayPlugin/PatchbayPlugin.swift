// The exported tables of a Swift plugin.
