"""Every page."""

from fastapi import APIRouter

router = APIRouter()
