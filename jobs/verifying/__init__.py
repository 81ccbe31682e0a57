"""What ``faceveil verify`` compares with what: chain, commits, trees and rows; each part returns what does not hold."""
