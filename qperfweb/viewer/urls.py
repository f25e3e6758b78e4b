from django.urls import path

from . import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("studies/<int:study_id>/", views.study, name="study"),
]
