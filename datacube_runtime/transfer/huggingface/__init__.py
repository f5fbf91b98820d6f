"""Hugging Face by `huggingface_hub`: what to ask of the library, and what its answers mean."""
