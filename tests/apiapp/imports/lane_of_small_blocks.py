"""The program of a lane, but that its blocks are small: a short file has several."""

from apiapp.imports.pipeline.lanes import loading, process

BLOCK_BYTES = 1000

if __name__ == "__main__":
    assert loading.steps.__kwdefaults__
    loading.steps.__kwdefaults__["block_bytes"] = BLOCK_BYTES
    process.main()
