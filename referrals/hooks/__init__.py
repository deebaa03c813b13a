"""What other systems tell us by webhook: who signed it (schemes), what it means (meanings), what to do (taking)."""
