"""The model elsewhere than in the service: as a web page, and in ONNX Runtime's own format."""
