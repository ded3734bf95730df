"""The mathematics: pure functions of arrays, without files, clocks or globals."""
