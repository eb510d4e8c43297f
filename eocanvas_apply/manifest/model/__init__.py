"""What a manifest is: its fields as typed models, and the times, inputs and references that they are made of."""
