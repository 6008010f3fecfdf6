@agent
Feature: Attachments
  Images and files of text go with a prompt.

  Background:
    Given an agent under test, with an assistant that takes images and files of text
    And a controller that is paired with it

  Rule: The assistant gets the bytes of each attachment, in their order

    @req:rpc.attachment.given
    Scenario: An image, and a file with characters of all lengths
      When the controller gives the prompt "say the attachments" with an image and a file of text
      Then the controller is told that the prompt is "completed"
      And the assistant has got the bytes of both, in that order

    @req:rpc.attachment.given
    Scenario: A file of 40,000 bytes
      When the controller gives the prompt "say the attachments" with a file of 40,000 bytes
      Then the controller is told that the prompt is "completed"
      And the assistant has got the bytes of the file

  Rule: "claude.message" tells what they are, and not their bytes

    @req:rpc.attachment.told
    Scenario: Another controller sees the prompt
      Given a second controller that may only "observe"
      When the controller gives the prompt "say hello" with an image and a file of text
      Then the controller is told that the prompt is "completed"
      And "claude.message" tells both controllers the name, the type, the size and the hash of each, and no bytes
      And the journal has no bytes of them either

  Rule: What is no image is text in UTF-8

    @req:rpc.attachment.text
    Scenario: A file that ends in the middle of a character
      When the controller gives the prompt "say hello" with a file that ends in the middle of a character
      Then the controller is answered with the error "invalid-params"
      And the assistant has heard 0 prompts

  Rule: What the assistant does not take is "unsupported"

    @req:rpc.attachment.unsupported
    Scenario: An assistant that takes nothing but words
      Given an agent under test, with an assistant
      And a controller that is paired with it
      When the controller gives the prompt "say hello" with an image
      Then the controller is answered with the error "unsupported" for the kind "image"
      When the controller gives the prompt "say hello" with a file of text
      Then the controller is answered with the error "unsupported" for the kind "text"
      And the assistant has heard 0 prompts

  Rule: Other attachments are other params

    @req:rpc.command.conflict
    Scenario: The same id, and another file
      Given the controller has given the prompt "say hello" with a file of text
      When the controller sends the same request again, with another file
      Then the controller is answered with the error "conflict"
      And the assistant has heard 1 prompt
