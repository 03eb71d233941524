"""What tests share. Import it as throughcare.tests.support: the checkout is the package."""
